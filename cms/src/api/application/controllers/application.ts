import { controller } from '../../../resource';

export default controller('api::application.application');
