import { editable } from '../../../resource';

export default editable('api::message-route.message-route');
