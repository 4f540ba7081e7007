import { service } from '../../../resource';

export default service('api::alert-event.alert-event');
