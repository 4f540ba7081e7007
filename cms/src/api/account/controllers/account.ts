import { controller } from '../../../resource';

export default controller('api::account.account');
