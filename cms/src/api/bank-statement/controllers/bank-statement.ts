import { controller } from '../../../resource';

export default controller('api::bank-statement.bank-statement');
