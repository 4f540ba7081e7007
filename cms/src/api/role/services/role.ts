import { service } from '../../../resource';

export default service('api::role.role');
