import { service } from '../../../resource';

export default service('api::view.view');
