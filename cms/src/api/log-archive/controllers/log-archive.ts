import { controller } from '../../../resource';

export default controller('api::log-archive.log-archive');
