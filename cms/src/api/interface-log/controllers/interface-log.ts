import { controller } from '../../../resource';

export default controller('api::interface-log.interface-log');
