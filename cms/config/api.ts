export default () => ({
  rest: { defaultLimit: 20, maxLimit: 200, withCount: true },
});
