import { editable } from '../../../resource';

export default editable('api::route.route');
