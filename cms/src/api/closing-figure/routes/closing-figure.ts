import { readOnly } from '../../../resource';

export default readOnly('api::closing-figure.closing-figure');
