import { controller } from '../../../resource';

export default controller('api::duty-shift.duty-shift');
