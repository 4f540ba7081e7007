import { controller } from '../../../resource';

export default controller('api::daily-total.daily-total');
