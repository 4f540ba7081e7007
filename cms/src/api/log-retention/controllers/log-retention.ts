import { controller } from '../../../resource';

export default controller('api::log-retention.log-retention');
