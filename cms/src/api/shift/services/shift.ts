import { service } from '../../../resource';

export default service('api::shift.shift');
