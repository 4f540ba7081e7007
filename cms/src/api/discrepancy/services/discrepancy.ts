import { service } from '../../../resource';

export default service('api::discrepancy.discrepancy');
