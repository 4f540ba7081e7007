import { service } from '../../../resource';

export default service('api::alert-rule.alert-rule');
