import { service } from '../../../resource';

export default service('api::reconciliation-run.reconciliation-run');
