import { controller } from '../../../resource';

export default controller('api::payment-link.payment-link');
