import { controller } from '../../../resource';

export default controller('api::abnormal-request.abnormal-request');
