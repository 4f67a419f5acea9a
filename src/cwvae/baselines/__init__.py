"""Other people's methods, behind the interface of `cwvae.video_model`."""

__all__: list[str] = []
