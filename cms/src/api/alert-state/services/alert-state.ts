import { service } from '../../../resource';

export default service('api::alert-state.alert-state');
