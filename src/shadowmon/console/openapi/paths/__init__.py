"""What may be asked: method, path, parameters, body, and every status that is answered."""
