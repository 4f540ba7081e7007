import { editable } from '../../../resource';

export default editable('api::duty-shift.duty-shift');
