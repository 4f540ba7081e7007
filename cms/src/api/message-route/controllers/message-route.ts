import { controller } from '../../../resource';

export default controller('api::message-route.message-route');
