import { controller } from '../../../resource';

export default controller('api::outbox.outbox');
