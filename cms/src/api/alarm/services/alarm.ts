import { service } from '../../../resource';

export default service('api::alarm.alarm');
