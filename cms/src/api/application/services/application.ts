import { service } from '../../../resource';

export default service('api::application.application');
