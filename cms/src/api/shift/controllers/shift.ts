import { controller } from '../../../resource';

export default controller('api::shift.shift');
