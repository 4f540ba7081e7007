import { controller } from '../../../resource';

export default controller('api::bill-archive.bill-archive');
