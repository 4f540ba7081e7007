import { controller } from '../../../resource';

export default controller('api::error-knowledge.error-knowledge');
