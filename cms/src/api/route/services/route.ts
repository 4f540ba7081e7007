import { service } from '../../../resource';

export default service('api::route.route');
