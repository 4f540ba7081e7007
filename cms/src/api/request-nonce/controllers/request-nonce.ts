import { controller } from '../../../resource';

export default controller('api::request-nonce.request-nonce');
