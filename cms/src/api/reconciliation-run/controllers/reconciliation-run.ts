import { controller } from '../../../resource';

export default controller('api::reconciliation-run.reconciliation-run');
