import { readOnly } from '../../../resource';

export default readOnly('api::fund-flow-fetch.fund-flow-fetch');
