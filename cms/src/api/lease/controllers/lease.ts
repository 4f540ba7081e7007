import { controller } from '../../../resource';

export default controller('api::lease.lease');
