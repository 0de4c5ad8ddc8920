"""What runs only inside the containers: how each image starts its server, fills the store, builds the page.

The Dockerfile makes the images, compose.yaml runs them; read these first.
"""
