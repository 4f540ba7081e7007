import { controller } from '../../../resource';

export default controller('api::alert-rule.alert-rule');
