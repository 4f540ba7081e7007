import { controller } from '../../../resource';

export default controller('api::fund-flow-fetch.fund-flow-fetch');
