import { service } from '../../../resource';

export default service('api::bill-archive.bill-archive');
