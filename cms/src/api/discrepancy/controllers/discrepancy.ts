import { controller } from '../../../resource';

export default controller('api::discrepancy.discrepancy');
