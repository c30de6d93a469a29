"""Compiled calls of model steps on whichever backend Keras runs.

The only file that knows `tf.function` and `jax.jit`. Shapes may change from
call to call: TensorFlow traces once with open shapes, JAX compiles per shape.
"""

import keras


def compiled(function, model, shapes):
    """A fast version of `function`, which reads the variables of `model`.

    Args:
        function: of float32 tensors; returns a tensor.
        model: built `keras.Model`; later changes of its variables are seen.
        shapes: tuple of the arguments' shapes, None where they vary.

    Returns:
        Function of arrays or tensors that returns a backend tensor.
    """
    name = keras.backend.backend()
    if name == "tensorflow":
        import tensorflow as tf

        signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
        return tf.function(function, input_signature=signature, autograph=False)
    if name == "jax":
        return _jax_compiled(function, model)
    return lambda *arguments: function(
        *(keras.ops.convert_to_tensor(a, "float32") for a in arguments)
    )


def compiled_gradient(function, model, shapes, count):
    """The gradient of `function` in its first `count` arguments, compiled.

    Args:
        function: of float32 tensors; returns a scalar.
        model: built `keras.Model` whose variables it reads.
        shapes: tuple of the arguments' shapes, None where they vary.
        count: int.

    Returns:
        Function of arrays or tensors that returns a tuple of `count` tensors.

    Raises:
        NotImplementedError: the backend is neither TensorFlow nor JAX.
    """
    name = keras.backend.backend()
    if name == "tensorflow":
        import tensorflow as tf

        def gradient(*arguments):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(arguments[:count])
                value = function(*arguments)
            return tuple(tape.gradient(value, arguments[:count]))

        return compiled(gradient, model, shapes)
    if name == "jax":
        import jax

        def transform(f):
            # Argument 0 holds the values of the variables.
            return jax.grad(f, argnums=tuple(range(1, count + 1)))

        return _jax_compiled(function, model, transform)
    raise NotImplementedError(
        f"Gradients need the backend tensorflow or jax. Received: {name}"
    )


def _jax_compiled(function, model, transform=lambda f: f):
    import jax

    variables = model.variables

    def pure(values, *arguments):
        mapping = list(zip(variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return function(*arguments)

    pure = jax.jit(transform(pure))

    def call(*arguments):
        arguments = [
            keras.ops.convert_to_tensor(a, "float32") for a in arguments
        ]
        return pure([v.value for v in variables], *arguments)

    return call
