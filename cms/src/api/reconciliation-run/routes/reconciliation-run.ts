import { readOnly } from '../../../resource';

export default readOnly('api::reconciliation-run.reconciliation-run');
