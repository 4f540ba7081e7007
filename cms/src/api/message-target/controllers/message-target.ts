import { controller } from '../../../resource';

export default controller('api::message-target.message-target');
