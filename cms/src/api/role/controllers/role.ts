import { controller } from '../../../resource';

export default controller('api::role.role');
