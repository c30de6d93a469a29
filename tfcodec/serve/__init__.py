"""A development server with TensorFlow Serving's predict API.

It serves SavedModels over REST and gRPC, reads their signatures, and knows
nothing of codecs: client code that works here works with a production
`tensorflow_model_server` too. Where this package answers a mistake, status
codes and messages are TensorFlow Serving's
(https://www.tensorflow.org/tfx/serving/api_rest).
"""
