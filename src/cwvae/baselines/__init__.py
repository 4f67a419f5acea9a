"""Other people's methods behind the interface of `video_model`, for comparison."""

__all__: list[str] = []
