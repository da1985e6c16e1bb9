export const PipelineScreen = () => null;
