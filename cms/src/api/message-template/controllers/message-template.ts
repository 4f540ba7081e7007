import { controller } from '../../../resource';

export default controller('api::message-template.message-template');
