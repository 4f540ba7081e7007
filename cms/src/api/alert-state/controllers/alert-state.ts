import { controller } from '../../../resource';

export default controller('api::alert-state.alert-state');
