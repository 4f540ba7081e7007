import { controller } from '../../../resource';

export default controller('api::bank-match.bank-match');
