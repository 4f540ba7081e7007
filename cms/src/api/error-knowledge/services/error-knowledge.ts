import { service } from '../../../resource';

export default service('api::error-knowledge.error-knowledge');
