// Pulumi's launcher translates the stack trace of every promise it makes through source maps. This program runs as it is
// written, line by line, so there is nothing to translate, and hundreds of services make many thousand promises.
Reflect.deleteProperty(Error, "prepareStackTrace");
