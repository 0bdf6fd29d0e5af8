# docker build --tag ganbal . && docker run --rm ganbal demo
# Own images and results: docker run --rm -v "$PWD":/data ganbal run --data /data/my-images --preset quick
FROM python:3.12-slim

# Wheels of OpenCV and matplotlib need nothing else from the system; torch brings its own CUDA libraries.
COPY pyproject.toml setup.py README.md LICENSE /source/
COPY configs /source/configs
COPY classifiers /source/classifiers
COPY ganbal /source/ganbal
RUN pip install --no-cache-dir /source && rm -rf /source

RUN useradd --create-home ganbal && mkdir /data && chown ganbal /data
USER ganbal
WORKDIR /data
ENTRYPOINT ["ganbal"]
CMD ["demo"]
