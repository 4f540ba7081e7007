import { controller } from '../../../resource';

export default controller('api::bank-statement-line.bank-statement-line');
