import { controller } from '../../../resource';

export default controller('api::attempt.attempt');
