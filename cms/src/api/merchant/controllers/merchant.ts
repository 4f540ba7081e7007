import { controller } from '../../../resource';

export default controller('api::merchant.merchant');
