import { service } from '../../../resource';

export default service('api::duty-shift.duty-shift');
